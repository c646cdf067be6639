"""What is learned: a linear model with several right answers for an example, and boosted decision trees. Only numpy."""

from __future__ import annotations

import numpy as np


def softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


class Sparse:
    """Rows of numbers, the first ones dense and the others mostly nothing: `cells` are pairs of a row and a column, sorted, `values` theirs."""

    def __init__(self, dense: np.ndarray, cells: np.ndarray, values: np.ndarray, n_columns: int):
        self.dense, (self.rows, self.columns), self.values = dense, cells.T, values[:, None]
        self.shape = (len(dense), dense.shape[1] + n_columns)
        self.by_column = np.argsort(self.columns, kind="stable")
        self.row_ids, self.row_starts = np.unique(self.rows, return_index=True)
        self.column_ids, self.column_starts = np.unique(self.columns[self.by_column], return_index=True)

    def times(self, w: np.ndarray) -> np.ndarray:
        n = self.dense.shape[1]
        product = self.dense @ w[:n]
        product[self.row_ids] += np.add.reduceat(w[n + self.columns] * self.values, self.row_starts)
        return product

    def back(self, t: np.ndarray) -> np.ndarray:
        n = self.dense.shape[1]
        product = np.zeros((self.shape[1], t.shape[1]), np.float32)
        product[:n] = self.dense.T @ t
        cells = t[self.rows[self.by_column]] * self.values[self.by_column]
        product[n + self.column_ids] = np.add.reduceat(cells, self.column_starts)
        return product


def linear(x: Sparse, right: np.ndarray, weight: np.ndarray, penalty: np.ndarray, steps: int = 150, usual: float = 0.3) -> np.ndarray:
    """Weights of a multinomial logistic regression, by L-BFGS.

    `right` has a positive number for every right answer of an example, and nearly all of it for the usual one. The loss is a part of
    `usual` for the usual answer, and the rest for all the right ones together.
    """
    total, allowed = weight.sum(), (right > 0).astype(np.float32)
    weight, penalty = weight[:, None].astype(np.float32), penalty[:, None].astype(np.float32)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        p = softmax(x.times(w))
        some = (p * allowed).sum(1, keepdims=True) + 1e-9
        target = usual * right + (1 - usual) * p * allowed / some
        value = -(weight * (usual * (right * np.log(p + 1e-9)).sum(1, keepdims=True) + (1 - usual) * np.log(some))).sum()
        return (value + 0.5 * (penalty * w * w).sum()) / total, (x.back((p - target) * weight) + penalty * w) / total

    w = np.zeros((x.shape[1], right.shape[1]), np.float32)
    value, slope = loss(w)
    moves: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(steps):
        down, parts = slope.copy(), []
        for move, change in reversed(moves):
            parts.append((move * down).sum() / (move * change).sum())
            down -= parts[-1] * change
        if moves:
            move, change = moves[-1]
            down *= (move * change).sum() / (change * change).sum()
        for (move, change), part in zip(moves, reversed(parts)):
            down += move * (part - (change * down).sum() / (move * change).sum())
        size, steep = (1.0 if moves else min(1.0, 1.0 / np.abs(slope).sum())), (slope * down).sum()
        while True:
            next_value, next_slope = loss(w - size * down)
            if next_value <= value - 1e-4 * size * steep or size < 1e-8:
                break
            size /= 2
        move, change = -size * down, next_slope - slope
        w = w + move
        if (move * change).sum() > 1e-12:
            moves = [*moves, (move, change)][-10:]
        if value - next_value < 1e-7:
            break
        value, slope = next_value, next_slope
    return w


class Trees:
    """Boosted trees for a probability. A node is [input or -1, limit or value, node when at most the limit, node when more]."""

    def __init__(self, n: int = 150, depth: int = 4, rate: float = 0.08, leaf: int = 60, penalty: float = 5.0, columns: float = 0.5):
        self.n, self.depth, self.rate, self.leaf, self.penalty, self.columns = n, depth, rate, leaf, penalty, columns
        self.base, self.trees = 0.0, []

    def fit(self, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Trees:
        rng, n_inputs = np.random.default_rng(0), x.shape[1]
        cuts = [np.unique(np.quantile(x[:, j], np.linspace(0, 1, 33)[1:-1])) for j in range(n_inputs)]
        bins = np.stack([np.searchsorted(cuts[j], x[:, j], side="left") for j in range(n_inputs)], 1)
        share = (weight * y).sum() / weight.sum()
        self.base = float(np.log(share / (1 - share)))
        score = np.full(len(y), self.base)
        for _ in range(self.n):
            p = 1 / (1 + np.exp(-score))
            slope, bend = weight * (y - p), weight * p * (1 - p)
            inputs = np.sort(rng.choice(n_inputs, max(1, int(n_inputs * self.columns)), replace=False))
            tree: list = []

            def best_split(rows: np.ndarray):
                g, h, best = slope[rows].sum(), bend[rows].sum(), (1e-6, -1, 0)
                for j in inputs:
                    n = len(cuts[j]) + 1
                    in_bin = bins[rows, j]
                    sums = [np.bincount(in_bin, v, n).cumsum()[:-1] for v in (slope[rows], bend[rows], np.ones(len(rows)))]
                    fits = (sums[2] >= self.leaf) & (len(rows) - sums[2] >= self.leaf)
                    gain = sums[0] ** 2 / (sums[1] + self.penalty) + (g - sums[0]) ** 2 / (h - sums[1] + self.penalty)
                    gain = np.where(fits, gain - g * g / (h + self.penalty), -1)
                    if len(gain) and gain.max() > best[0]:
                        best = (gain.max(), int(j), int(gain.argmax()))
                return best

            def grow(rows: np.ndarray, depth: int) -> int:
                at = len(tree)
                tree.append(None)
                split = best_split(rows) if depth < self.depth and len(rows) >= 2 * self.leaf else (0, -1, 0)
                if split[1] < 0:
                    value = self.rate * slope[rows].sum() / (bend[rows].sum() + self.penalty)
                    tree[at] = [-1, float(f"{value:.5g}"), 0, 0]
                    score[rows] += value
                    return at
                _, j, k = split
                low = bins[rows, j] <= k
                tree[at] = [j, float(f"{cuts[j][k]:.5g}"), grow(rows[low], depth + 1), grow(rows[~low], depth + 1)]
                return at

            grow(np.arange(len(y)), 0)
            self.trees.append(tree)
        return self

    def probability(self, x: np.ndarray) -> np.ndarray:
        score = np.full(len(x), self.base)
        for tree in self.trees:
            waiting = [(0, np.arange(len(x)))]
            while waiting:
                at, rows = waiting.pop()
                j, limit, low, high = tree[at]
                if j < 0:
                    score[rows] += limit
                else:
                    is_low = x[rows, j] <= limit
                    waiting += [(low, rows[is_low]), (high, rows[~is_low])]
        return 1 / (1 + np.exp(-score))
