"""What is wrong with a configuration, in words that never hold a value."""


class ConfigurationError(Exception):
    """The configuration cannot be used; `faults` holds one line for each thing that is wrong."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class SettingFault(ValueError):
    """One setting cannot be used; the text completes "DOORWARD_X: ..." and is safe to show."""


class RuleFaults(SettingFault):
    """Settings that are sound alone contradict each other or what the environment asks for.

    `broken` holds, for each broken rule, the settings it judges (the one to blame first) and why.
    """

    def __init__(self, broken: tuple[tuple[tuple[str, ...], str], ...]) -> None:
        super().__init__("; ".join(f"{names[0]}: {message}" for names, message in broken))
        self.broken = broken
