"""The words of the ledger: each claim, where the paper makes it, how it is judged.

The rules were fixed before anything was measured. They do not move; should one turn out to be
wrong, the old rule stays here beside the new one, with the reason.
"""

from typing import NamedTuple


class Text(NamedTuple):
    """Fields as in `relaylib.studies.claims.claim.Claim`."""

    claim: str
    where: str
    statistic: str
    fails_if: str
    our_part: str


TEXTS = {
    "C1": Text(
        "Every network reaches an accuracy of 0.98",
        "II.B",
        "Lowest accuracy of all networks on the population, at least 0.98",
        "one network is below 0.98",
        "Networks that miss the goal are replaced, as in the paper; attempts are counted.",
    ),
    "C2": Text(
        "Training at one delay works at that delay and fails elsewhere",
        "III, Fig. 2",
        "Accuracy at the own delay minus the mean over the other delays 0..9, above 0",
        "networks answer as well at delays they were not trained for",
        "Training stops at 0.98, so that networks have had little time to generalise.",
    ),
    "C3": Text(
        "RNNs are the most sensitive to timing",
        "III, Fig. 2",
        "Mean accuracy off the own delay, GRU minus RNN and LSTM minus RNN, above 0",
        "RNNs lose no more than GRUs or LSTMs at a wrong delay",
        "One learning rate for all three kinds; another might favour one of them.",
    ),
    "C4": Text(
        "Random delays in training generalise better",
        "III, Fig. 2",
        "Mean accuracy over delays 0..9, random regime minus fixed regimes, above 0",
        "networks trained with random delays are no better over all delays",
        "The random regime sees five of the ten test delays, a fixed one sees one of them.",
    ),
    "C5": Text(
        "Knocking out the relays of a concept hurts that concept most",
        "III, Figs. 4, 5",
        "Loss of the own concept minus mean loss of the others, set sizes 1..11, above 0",
        "other concepts lose as much",
        "Knockout sets a state to 0 at step 10 only; the network may refill it.",
    ),
    "C6": Text(
        "Knocking out all nodes loses the function",
        "III, Figs. 4, 5",
        "Accuracy without all 12 nodes, interval within 0.5 +- 0.02",
        "accuracy stays above or falls below chance",
        "A network without state gives one fixed answer to all, right for half of the population.",
    ),
    "C7": Text(
        "Nodes that relay little matter little",
        "III, Figs. 4, 5",
        "Loss from the most relaying minus random nodes, and random minus the least relaying, "
        "set sizes 1..11, both above 0",
        "random nodes cost as much as relays, or as little as the least relaying",
        "50 random sets per size and network; the last node of an order gets all the rest.",
    ),
    "C8": Text(
        "In an LSTM information arrives at steps 4, 7, 10 and then stays",
        "III, Fig. 6",
        "LSTMs at fixed delay 5: 0 bits before the onset; r of a concept's row three steps "
        "after onset with its row at step 15, above 0.5",
        "a concept is found before it was shown, or in other nodes at the end",
        "The cell state is analysed; the hidden state is gated anew at every step.",
    ),
    "C9": Text(
        "Information moves in RNNs and stays in GRUs and LSTMs",
        "III, Figs. 7, 8",
        "r of successive information matrices, GRU minus RNN and LSTM minus RNN, above 0",
        "matrices of RNNs are as alike from step to step",
        "2-means states and the cumulative value; both are parameters.",
    ),
    "C10": Text(
        "Successive matrices overlap less in RNNs",
        "III, Fig. 9",
        "Overlap of successive information matrices, GRU minus RNN and LSTM minus RNN, above 0",
        "matrices of RNNs overlap as much",
        "Overlap is our definition: sum of minima over sum of maxima.",
    ),
    "C11": Text(
        "With random delays RNNs keep information in place",
        "III",
        "RNN: r of successive matrices, random regime minus fixed regimes, above 0",
        "random delays leave the drift as it is",
        "Random-regime answers are read at delay 5.",
    ),
    "C12": Text(
        "Concepts spread over several nodes, and nodes carry several concepts",
        "III, Figs. 10, 11",
        "Nodes per concept above 1; share of nodes with 2 or 3 concepts above 0",
        "each concept sits in a node of its own",
        "2-means over all 36 values of a network says what counts as carrying.",
    ),
    "C13": Text(
        "The states of an RNN form one cluster per memory content",
        "III, Fig. 12",
        "(a) silhouette of the 8 contents in the plane of steps 10..15 above 0.5; "
        "(b) nearest-centroid decoding from the plane of the answer step, at least 0.9",
        "clusters overlap in the plane",
        "Two principal components are kept of twelve nodes; noise of 0.1 on the sensors.",
    ),
    "C14": Text(
        "Removing the least relaying nodes first sharpens the clusters",
        "III, Fig. 13",
        "Area between the curves of ordered and random removal, in the better direction of each "
        "of three scores, above 0",
        "random removal leaves clusters as sharp",
        "Scores are of the two values of the concept that gives the order, as in the figure.",
    ),
    "C15": Text(
        "The greedy order is close to the best",
        "II.C",
        "Relayed information of the greedy set over that of the best set of its size, all sizes, "
        "times and concepts, exact over all 4096 sets: mean at least 0.95",
        "greedy sets relay less than 95 % of what the best do",
        "Sets of sizes at which nothing can be relayed have no ratio and are left out.",
    ),
    "C16": Text(
        "RNNs keep information worst over long lags",
        "IV",
        "Random regime, accuracy at delays 6..9, GRU minus RNN and LSTM minus RNN, above 0",
        "RNNs answer as well at long delays",
        "Delays 6..9 never occur in training.",
    ),
}
