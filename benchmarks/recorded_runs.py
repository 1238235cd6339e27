"""Trains the networks whose losses unit 4's third notebook shows, and prints them.

python benchmarks/recorded_runs.py

The notebook holds these numbers because the code that makes them is what students write in the same unit. Another
version of numpy may change their last digits.
"""

import argparse

import numpy as np

from dlmath_kit.data import digits
from dlmath_ref import (
    activation,
    adam_step,
    bn_backward,
    bn_forward,
    dropout_backward,
    dropout_forward,
    logsumexp,
    minibatches,
    one_hot,
    softmax,
)

X, y = digits()
SPLIT = np.random.default_rng(2).permutation(1797)  # as in the notebook
TRAIN, DEV = SPLIT[:1100], SPLIT[1100:1400]


class Network:
    """Hidden layers W a (+ batch normalisation), ReLU (+ dropout); then scores. Adam trains all parameters."""

    def __init__(self, widths, scale, rng, batch_norm=False, p_drop=0.0):
        sizes = list(zip(widths[1:], widths[:-1], strict=True))
        self.W = [scale / np.sqrt(n_in) * rng.normal(size=(n_out, n_in)) for n_out, n_in in sizes]
        self.gamma = [np.ones(n_out) for n_out, _ in sizes]
        self.beta = [np.zeros(n_out) for n_out, _ in sizes]
        self.state = [(np.zeros(n_out), np.ones(n_out)) for n_out, _ in sizes]
        self.moments = [(0.0, 0.0)] * (3 * len(sizes))
        self.rng, self.batch_norm, self.p_drop, self.t = rng, batch_norm, p_drop, 0

    def forward(self, A, train):
        """Scores, and what each layer keeps: its input, Z before and after normalisation, and the mask."""
        kept = []
        for l, W in enumerate(self.W):
            Z = A @ W.T
            if self.batch_norm:
                V, self.state[l] = bn_forward(Z, self.gamma[l], self.beta[l], self.state[l], train)
            else:
                V = Z + self.beta[l]
            last = l == len(self.W) - 1
            H = V if last else activation("relu", V)[0]
            mask = np.ones(H.shape, dtype=bool)
            if not last:
                H, mask = dropout_forward(H, self.p_drop, self.rng, train)
            kept.append((A, Z, V, mask))
            A = H
        return A, kept

    def step(self, X, y, alpha):
        Z, kept = self.forward(X, train=True)
        G, gradients = (softmax(Z) - one_hot(y, 10)) / len(y), []
        for l in range(len(self.W) - 1, -1, -1):
            A, Z, V, mask = kept[l]
            if l < len(self.W) - 1:
                G = dropout_backward(G, mask, self.p_drop) * activation("relu", V)[1]
            g_gamma, g_beta = np.zeros(V.shape[1]), G.sum(axis=0)
            if self.batch_norm:
                G, g_gamma, g_beta = bn_backward(G, Z, self.gamma[l])
            gradients.append((G.T @ A, g_gamma, g_beta))
            G = G @ self.W[l]
        self.t += 1
        for k, g in enumerate(g for layer in gradients[::-1] for g in layer):
            thetas = (self.W, self.gamma, self.beta)[k % 3]
            m, v = (np.zeros_like(g) + x for x in self.moments[k])
            thetas[k // 3], *self.moments[k] = adam_step(thetas[k // 3], g, m, v, self.t, alpha)

    def loss(self, X, y):
        Z, _ = self.forward(X, train=False)
        return float(np.mean(logsumexp(Z) - Z[np.arange(len(y)), y]))


def losses(network, X_train, y_train, epochs, batch, alpha):
    """Training and validation loss after each epoch."""
    training, validation = [], []
    for _ in range(epochs):
        for I in minibatches(len(y_train), batch, network.rng):
            network.step(X_train[I], y_train[I], alpha)
        training.append(network.loss(X_train, y_train))
        validation.append(network.loss(X[DEV], y[DEV]))
    return training, validation


def few_digits(rng, n=150, wrong=40):
    """Some digits, of which `wrong` have a wrong label."""
    labels, misread = y[TRAIN[:n]].copy(), rng.choice(n, wrong, replace=False)
    labels[misread] = (labels[misread] + rng.integers(1, 10, wrong)) % 10
    return X[TRAIN[:n]], labels


def show(name, values):
    print(f"{name} = [{', '.join(f'{v:.2f}' for v in values)}]")


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for p_drop in (0.0, 0.5):
        rng = np.random.default_rng(1)
        X_few, y_few = few_digits(rng)
        network = Network([64, 256, 10], np.sqrt(2), rng, p_drop=p_drop)
        training, validation = losses(network, X_few, y_few, epochs=40, batch=10, alpha=0.004)
        show(f"dropout {p_drop:g}, training", training)
        show(f"dropout {p_drop:g}, validation", validation)
    for batch_norm in (False, True):
        network = Network([64] + [48] * 12 + [10], 0.7, np.random.default_rng(1), batch_norm)
        training, _ = losses(network, X[TRAIN], y[TRAIN], epochs=20, batch=50, alpha=0.001)
        show(f"batch norm {batch_norm}, training", training)


if __name__ == "__main__":
    main()
