"""Make the reference arrays of tests/test_mmphate.py with m-phate 0.1.6 itself.

m-phate and phate are GPL and no dependency of this project. In a temporary environment:

    python -m venv mphate-env
    mphate-env/bin/pip install phate==2.0.0 graphtools==2.1.0 scikit-learn==1.9.1
    mphate-env/bin/pip install --no-deps m-phate==0.1.6
    mphate-env/bin/python tests/data/make_mphate_reference.py tests/data/mphate_reference.npz

The input is a smooth random trajectory of tanh nodes: 8 epochs x 5 times x 6 nodes x 20 sequences.
"""

import sys

import m_phate
import numpy as np


def activations() -> np.ndarray:
    """Responses of nodes with slowly changing weights to 20 random sequences; float32."""
    rng = np.random.default_rng(2024)
    inputs = rng.normal(size=(5, 3, 20)).cumsum(axis=0)
    first, last = rng.normal(size=(2, 6, 3))
    mix = np.linspace(0, 1, 8)[:, None, None]
    weights = (1 - mix) * first + mix * last
    return np.tanh(np.einsum("eni,tis->etns", weights, inputs)).astype(np.float32)


def main(path: str) -> None:
    """Write input, kernel, t and embeddings of M_PHATE: two gammas and ts, and landmarks."""
    data = activations()
    slices = data.reshape(-1, *data.shape[2:]).astype(float)
    arrays = {"activations": data}
    for gamma, t in ((0, "auto"), (1, "auto"), (0, 3), (1, 3)):
        method = m_phate.M_PHATE(gamma=gamma, t=t, n_jobs=1, random_state=0, verbose=0)
        place = method.fit_transform(slices).reshape(*data.shape[:3], 2)
        arrays[f"embedding_gamma{gamma}_t{t}"] = place
        arrays["t"] = np.array(method.optimal_t if t == "auto" else arrays["t"])
        arrays["kernel"] = method.graph.K.toarray().astype(np.float32)
    method = m_phate.M_PHATE(n_landmark=60, n_svd=30, n_jobs=1, random_state=0, verbose=0)
    arrays["embedding_landmarks"] = method.fit_transform(slices).reshape(*data.shape[:3], 2)
    arrays["cluster"] = method.graph.clusters
    arrays["landmark_operator"] = method.graph.landmark_op
    arrays["transitions"] = method.graph.transitions.toarray()
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
