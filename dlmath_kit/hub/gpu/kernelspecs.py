"""The two kernels of the course: "Python (course, CPU)" and "Python (course, GPU)"."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlmath_kit.hub.gpu.settings import GpuSettings

__all__ = ["CPU", "GPU", "install", "kernelspecs"]

CPU = "python3"  # the name that notebooks carry, so that they open anywhere
GPU = "course-gpu"
PROVISIONER = "dlmath-gpu"


def kernelspecs(settings: GpuSettings) -> dict[str, dict[str, Any]]:
    """Name and kernel.json of each kernel; no GPU kernel where there are no devices."""
    # "python" is the interpreter of the server that starts the kernel: one folder serves every environment.
    command = ["python", "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    base = {"language": "python", "interrupt_mode": "signal", "metadata": {"debugger": True}}
    cpu = {**base, "argv": command, "display_name": "Python (course, CPU)"}
    if not settings.devices:
        return {CPU: cpu}
    cpu["env"] = {"CUDA_VISIBLE_DEVICES": ""}  # or code would take a GPU that nobody leased to it
    gpu = {
        **base,
        "argv": [*command, "--ext=dlmath_kit.hub.gpu.notice"],
        "display_name": "Python (course, GPU)",
        "metadata": {"debugger": True, "kernel_provisioner": {"provisioner_name": PROVISIONER}},
    }
    return {CPU: cpu, GPU: gpu}


def install(folder: Path, gpus: GpuSettings | Mapping[str, Any]) -> list[Path]:
    """Write the kernels below a Jupyter data folder (one on JUPYTER_PATH); a GPU kernel that is gone is removed."""
    settings = gpus if isinstance(gpus, GpuSettings) else GpuSettings.of(gpus)
    wanted, written = kernelspecs(settings), []
    for name, spec in wanted.items():
        path = Path(folder) / "kernels" / name / "kernel.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(spec, indent=1) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    if GPU not in wanted:
        shutil.rmtree(Path(folder) / "kernels" / GPU, ignore_errors=True)
    return written
