"""Every choice that the RC-NAS paper leaves open, by name."""

from dataclasses import dataclass, replace

from rcnas_zoo.spec.canonical import check_choice, check_flag, check_integer, check_number
from rcnas_zoo.spec.errors import InvalidInput

BASELINES = ("ema", "leave-one-out", "none")
STAGE_MLPS = ("shared", "per-stage")
FIXED = ("lips", "cost", "stage_mlp", "lstm_size", "state_size", "hidden_size")
"""The fields that a trained encoder and policy cannot change any more."""


@dataclass(frozen=True)
class RcnasSettings:
    """Options of the agent. The defaults suit a fresh agent (R-NAS) on a few dozen networks; see also `FINE_TUNING`.

    Attributes:
        lips, cost: whether the state holds the Lipschitz and the cost features (Table 10 ablates both); a feature
            that is off stands at its mean.
        steps: networks per update, T. The paper has 5 in meta-training and 1 in fine-tuning.
        annealing: iterations until the penalty of a network over the budget is in full force, the i0 of
            `rcnas_zoo.candidates.reward.annealing`; 0 is off, for the paper's 10 iterations of fine-tuning are too few.
        learning_rate: of Adam; 0 freezes the policy.
        baseline: what is taken off a reward: ``ema`` (running mean of the task's rewards), ``leave-one-out`` (mean of
            the other networks of the update; needs ``steps`` of at least 2) or ``none`` (Eq. 5 as printed).
        baseline_decay: of the running mean.
        normalise: divide advantages by their running RMS and clip them to [-3, 3].
        entropy: weight of the entropy bonus.
        gradient_clip: largest gradient norm.
        ratio_centre: width and depth ratio in (0, 1) that a fresh policy is centred on.
        log_std, log_std_low, log_std_high: log standard deviation of a fresh policy, before the sigmoid, and the range
            it is clamped to.
        stride_prior: log-odds with which a fresh policy keeps the teacher's stride in a stage; 0 is a fair coin, which
            the robust bit always starts from.
        temperature_start, temperature_end, temperature_span: standard deviations are multiplied, and Bernoulli logits
            divided, by a temperature that goes linearly from start to end over the first ``span`` networks.
        first_query_mean: the first network of a search is the policy's mode, not a draw.
        cost_filter: draw again while a network is over the budget.
        avoid_repeats: draw again while a network was visited before.
        tries: most draws for one network; the best of them counts if none is within the budget and new.
        stage_mlp: MLP_i of Eq. 2, ``shared`` by all stages (they carry their position) or one ``per-stage``, which
            ties the agent to a number of stages.
        lstm_size, state_size, hidden_size: units of the LSTM in each direction, of a state s_i, and of a hidden layer.
        pretraining_tasks, pretraining_steps: random tasks and updates of the encoder's pre-training.

    Raises:
        InvalidInput: a value outside its range.
    """

    lips: bool = True
    cost: bool = True
    steps: int = 1
    annealing: int = 0
    learning_rate: float = 1e-2
    baseline: str = "ema"
    baseline_decay: float = 0.8
    normalise: bool = True
    entropy: float = 1e-2
    gradient_clip: float = 1.0
    ratio_centre: float = 0.5
    log_std: float = 0.3
    log_std_low: float = -1.5
    log_std_high: float = 0.5
    stride_prior: float = 0.5
    temperature_start: float = 1.0
    temperature_end: float = 1.0
    temperature_span: int = 30
    first_query_mean: bool = True
    cost_filter: bool = True
    avoid_repeats: bool = True
    tries: int = 30
    stage_mlp: str = "shared"
    lstm_size: int = 16
    state_size: int = 32
    hidden_size: int = 48
    pretraining_tasks: int = 2048
    pretraining_steps: int = 300

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_counts()
        self._check_numbers()
        if self.baseline == "leave-one-out" and self.steps < 2:
            raise InvalidInput(f"the baseline leave-one-out must have at least 2 steps, got {self.steps}; take ema")
        if self.log_std_low > self.log_std_high:
            raise InvalidInput(
                f"log_std_low must be at most log_std_high, got {self.log_std_low} and {self.log_std_high}"
            )

    def temperature(self, visits: int) -> float:
        """The sampling temperature after so many networks."""
        share = min(1.0, visits / self.temperature_span)
        return self.temperature_start + share * (self.temperature_end - self.temperature_start)

    def built_as(self, trained: "RcnasSettings") -> "RcnasSettings":
        """These settings with the fields of ``FIXED`` as in those of a trained agent."""
        return replace(self, **{name: getattr(trained, name) for name in FIXED})

    def _check_choices(self) -> None:
        check_choice("the baseline", self.baseline, BASELINES)
        check_choice("stage_mlp", self.stage_mlp, STAGE_MLPS)
        flags = ("lips", "cost", "normalise", "first_query_mean", "cost_filter", "avoid_repeats")
        for name in flags:
            check_flag(name, getattr(self, name))

    def _check_counts(self) -> None:
        counts = ("steps", "tries", "temperature_span", "lstm_size", "state_size", "hidden_size")
        for name in (*counts, "pretraining_tasks", "pretraining_steps"):
            check_integer(name, getattr(self, name), 1)
        check_integer("annealing", self.annealing, 0)

    def _check_numbers(self) -> None:
        check_number("learning_rate", self.learning_rate, 0)
        check_number("baseline_decay", self.baseline_decay, 0, 1)
        check_number("entropy", self.entropy, 0)
        check_number("gradient_clip", self.gradient_clip, 0)
        check_number("ratio_centre", self.ratio_centre, 0.01, 0.99)
        check_number("stride_prior", self.stride_prior, 0, 10)
        for name in ("log_std", "log_std_low", "log_std_high"):
            check_number(name, getattr(self, name), -10, 10)
        for name in ("temperature_start", "temperature_end"):
            check_number(name, getattr(self, name), 0.01, 10)


# For a meta-trained policy: it knows where to look, so it learns slowly.
FINE_TUNING = RcnasSettings(learning_rate=1e-3)

# As Algorithm 2 and Eq. 5 print it, but for the filter, which every method has.
PRINTED = RcnasSettings(
    learning_rate=1e-3, baseline="none", normalise=False, entropy=0.0, first_query_mean=False, avoid_repeats=False
)
