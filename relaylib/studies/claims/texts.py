"""The words of the ledger: each claim, where the paper makes it, how it is judged.

The rules were fixed before anything was measured. They do not move; should one turn out to be
wrong, the old rule stays here beside the new one, with the reason.
"""

from typing import NamedTuple

from relaylib.core.checks import check_type
from relaylib.studies.config import StudyConfig
from relaylib.studies.knockouts import KnockoutConfig
from relaylib.studies.latent import LatentConfig
from relaylib.tasks.task import known_onsets


class Text(NamedTuple):
    """Fields as in `relaylib.studies.claims.claim.Claim`."""

    claim: str
    where: str
    statistic: str
    fails_if: str
    our_part: str


_TEXTS = {
    "C1": Text(
        "Every network reaches an accuracy of 0.98",
        "II.B",
        "Lowest accuracy of all networks on the population, at least 0.98; for reference, not "
        "counted: most attempts of a network",
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
        "The random regime sees {n_seen} of the {n_tested} test delays, a fixed one sees one.",
    ),
    "C5": Text(
        "Knocking out the relays of a concept hurts that concept most",
        "III, Figs. 4, 5",
        "Random regime: loss of the own concept minus mean loss of the others, set sizes "
        "1..{n_most}, above 0",
        "other concepts lose as much",
        "A knockout sets states to 0 at step {input_end} only; the network may recover. The rule "
        "takes a mean over concepts; the page on knockouts asks the same of every concept.",
    ),
    "C6": Text(
        "Knocking out all nodes loses the function",
        "III, Figs. 4, 5",
        "Random regime: accuracy without all {n_nodes} nodes, interval within 0.5 +- 0.02",
        "accuracy stays above or falls below chance",
        "A network without state gives one fixed answer to all, right for half of the population.",
    ),
    "C7": Text(
        "Nodes that relay little matter little",
        "III, Figs. 4, 5",
        "Random regime: loss from the most relaying minus random nodes, and random minus the least "
        "relaying, set sizes 1..{n_most}, both above 0",
        "random nodes cost as much as relays, or as little as the least relaying",
        "{n_random} random sets per size and network; the last node of an order gets the total.",
    ),
    "C8": Text(
        "In an LSTM information arrives at steps {onsets} and then stays",
        "III, Fig. 6",
        "LSTMs at fixed delay 5: 0 bits before the onset; r of a concept's row three steps "
        "after onset with its row at step {last}, above 0.5",
        "a concept is found before it was shown, or in other nodes at the end",
        "The {lstm_state} state is analysed; the hidden one is gated anew at every step.",
    ),
    "C9": Text(
        "Information moves in RNNs and stays in GRUs and LSTMs",
        "III, Figs. 7, 8",
        "r of successive information matrices, GRU minus RNN and LSTM minus RNN, above 0",
        "successive matrices of RNNs are as similar",
        "{states} states and the {value} value; both are parameters.",
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
        "RNN: r of successive matrices, random regime minus fixed regimes, above 0; "
        "for reference, not counted: GRU minus RNN in the random regime",
        "random delays leave the drift as it is",
        "Random-regime answers are read at delay {answer_delay}.",
    ),
    "C12": Text(
        "Concepts spread over several nodes, and nodes carry several concepts",
        "III, Figs. 10, 11",
        "Random regime, step {input_end}: nodes per concept above 1; share of nodes with 2 or more "
        "concepts above 0",
        "each concept sits in a node of its own",
        "2-means over all {n_entries} values of a network says what counts as carrying.",
    ),
    "C13": Text(
        "The states of an RNN form one cluster per memory content",
        "III, Fig. 12",
        "Random regime: (a) silhouette of the {n_contents} contents in the plane of steps "
        "{input_end}..{last} above 0.5; (b) nearest-centroid decoding from the plane of the answer "
        "step, lower end of the interval at least 0.9",
        "clusters overlap in the plane",
        "Two principal components of {n_nodes} nodes. The noise ({noise_sd}) and the thresholds "
        "are ours; the page on the latent space asks how much noise the networks endure.",
    ),
    "C14": Text(
        "Removing the least relaying nodes first sharpens the clusters",
        "III, Fig. 13",
        "Random regime: area between the curves of ordered and random removal, in the better "
        "direction of each of three scores, above 0; for reference, not counted: fixed regimes",
        "random removal leaves clusters as sharp",
        "Scores are of the two values of the concept that gives the order, as in the figure.",
    ),
    "C15": Text(
        "The greedy order is close to the best",
        "II.C",
        "Relayed information of the greedy set over that of the best set of its size, all sizes, "
        "times and concepts, exact over all {n_sets} sets: lower end of the mean's interval at "
        "least 0.95; for reference, not counted: each task and architecture",
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
    "C18": Text(
        "Information in RNNs diffuses randomly",
        "IV",
        "RNN, fixed delays 3, 4, 5: (a) accuracy of cross-temporal decoders at lag 1 minus lag 2 "
        "above 0; (b) accuracy at every lag at least 0.5, no interval wholly below",
        "(a) decoders read the code better two steps away than one; (b) the code turns round",
        "Sensor noise of 0.1 and a linear decoder. The rule was fixed after a first look at one "
        "small trial with seed 2025; it is judged with other seeds as well.",
    ),
    "C22": Text(
        "The more essential a node, the more noise in it disrupts",
        "II",
        "Spearman correlation of relay information with the concept's answers lost under noise of "
        "one standard deviation at step 10, across nodes and across random sets of 4, above 0",
        "noise in nodes that relay much costs no more than in others",
        "The paper says it of feed-forward networks. Random regime; 20 draws of noise, 30 sets.",
    ),
}


def claim_texts(config: StudyConfig) -> dict[str, Text]:
    """Return the text of each claim by its number, with the steps and sizes of a study.

    Raises
    ------
    TypeError
        If ``config`` is no StudyConfig.
    """
    n_nodes, n_concepts = (
        check_type("config", config, StudyConfig).n_nodes,
        len(config.tasks[0].concepts),
    )
    onsets = [known_onsets(task) for task in config.tasks if task.name == "memory"]
    states = {"kmeans": f"{config.levels}-means"}
    words = {
        "n_nodes": n_nodes,
        "n_most": n_nodes - 1,
        "n_sets": 2**n_nodes,
        "n_entries": n_nodes * n_concepts,
        "n_contents": 2**n_concepts,
        "n_random": KnockoutConfig.n_random,
        "noise_sd": LatentConfig.noise_sd,
        "n_seen": len({*config.random_delays} & {*config.test_delays}),
        "n_tested": len(config.test_delays),
        "onsets": ", ".join(str(step) for steps in onsets for step in steps or ("?",)),
        "input_end": config.n_steps,
        "last": config.n_steps + config.n_blank,
        "states": states.get(config.discretiser, config.discretiser),
        "value": config.value,
        "lstm_state": config.lstm_state,
        "answer_delay": config.answer_delay,
    }
    return {id: Text(*(part.format(**words) for part in text)) for id, text in _TEXTS.items()}


TEXTS = claim_texts(StudyConfig())
"""The texts for the book's study."""
