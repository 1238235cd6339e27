"""Records the bundled log of CartPole: `python -m dlmath_kit.envs.record [FILE]`. Two runs write the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from dlmath_kit.envs.cart_pole import cartpole

__all__ = ["record"]

STEPS, LIMIT, SEED = 4000, 60, 9


def record(path: Path) -> Path:
    """Writes the steps of a policy that goes after the pole one time out of three, and pushes at random otherwise."""
    rng = np.random.default_rng(SEED)
    env = cartpole(SEED, limit=LIMIT)
    rows, s = [], env.reset()
    for _ in range(STEPS):
        a = int(s[2] + s[3] > 0) if rng.random() < 1 / 3 else int(rng.integers(2))
        s2, _, terminated, truncated = env.step(a)
        rows.append((s, a, s2, terminated, truncated))
        s = env.reset() if terminated or truncated else s2
    before, actions, after, terminated_flags, truncated_flags = map(np.array, zip(*rows, strict=True))
    np.savez_compressed(
        path,
        s=before.astype(np.float32),
        a=actions.astype(np.uint8),
        s2=after.astype(np.float32),
        terminated=terminated_flags,
        truncated=truncated_flags,
    )
    return path


if __name__ == "__main__":
    default = Path(__file__).parent / "cartpole_log.npz"
    written = record(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
    print(f"{written.name}: {written.stat().st_size} bytes")
