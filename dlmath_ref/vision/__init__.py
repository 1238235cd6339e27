"""Images.

boxes       overlap of boxes, non-maximum suppression
"""

from dlmath_ref.vision.boxes import iou, nms

__all__ = ["iou", "nms"]
