"""Noughts and crosses learnt from people's games or from one's own, over the number of games.

`people`: perfect players but for mistakes, careless in a tenth or in three tenths of the positions,
each time anew, or all with the same blind spots. `learner`: imitates the move seen most often
(`imitation`), learns from the results of the people's games (`results`), plays against itself and
sees nobody (`self-play`), or imitates for the first half of the games and then plays against itself
(`both`). `explore`: the share of turns in which self-play tries any move. Results, exact: `lost`,
percent of games lost to a perfect player, `right`, percent of right moves over all positions in
which it matters; `taught_lost` and `taught_right`, of the people themselves, 0 where there are
none. Chapter: asking-and-acting.
"""

from datawall.acting import selfplay
from datawall.evidence import study

PEOPLE = ("none", "careless, 10 %", "careless, 30 %", "shared blind spots")


def _people(name, seed):
    if name == "shared blind spots":
        return selfplay.mistaken(0.3, 0.8, seed=seed)
    return selfplay.careless({"careless, 10 %": 0.1, "careless, 30 %": 0.3}[name])


def learned(people, learner, explore, seed):
    person = None if people == "none" else _people(people, seed)
    taught = {"taught_lost": 0.0, "taught_right": 0.0}
    if person is not None:
        taught = {
            "taught_lost": selfplay.lost(person),
            "taught_right": selfplay.right_moves(person),
        }
    for player in _players(person, learner, explore, seed):
        found = {"lost": selfplay.lost(player), "right": selfplay.right_moves(player)}
        yield found | taught


def _players(person, learner, explore, seed):
    counts = GRID["games"]
    if learner == "self-play":
        judge, done = selfplay.Judge(), 0
        for count in counts:
            judge.practise(count - done, explore=explore, seed=100 * seed + counts.index(count))
            done = count
            yield judge.player()
    elif learner == "both":
        for count in counts:
            first, judge = selfplay.Imitator(), selfplay.Judge()
            for played in selfplay.games(person, count // 2, seed=seed):
                first.see(played)
            judge.start_from(first.counts)
            judge.practise(count - count // 2, explore=explore, seed=seed)
            yield judge.player()
    else:
        pupil = selfplay.Imitator() if learner == "imitation" else selfplay.Judge()
        for done, played in enumerate(selfplay.games(person, counts[-1], seed=seed), 1):
            pupil.see(played)
            if done in counts:
                yield pupil.player()


def _keep(people, learner, explore, games, seed):
    if learner == "self-play":
        return people == "none"
    return people != "none" and explore == 0.3


GRID = {
    "people": PEOPLE,
    "learner": ("imitation", "results", "self-play", "both"),
    "explore": (0.1, 0.3, 0.6),
    "games": (100, 300, 1000, 3000, 10_000, 30_000),
    "seed": tuple(range(15)),
}
STUDY = study.Study(
    grid=GRID,
    function=learned,
    results=("lost", "right", "taught_lost", "taught_right"),
    tolerance={
        "lost": (0.0, 2.0),
        "right": (0.0, 1.0),
        "taught_lost": (1e-6, 1e-6),
        "taught_right": (1e-6, 1e-6),
    },
    keep=_keep,
    along="games",
)
