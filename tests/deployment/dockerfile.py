"""The Dockerfile as its instructions, so that tests can judge them and carry them out."""

import json
from dataclasses import dataclass

from tests.architecture.tree import ROOT


@dataclass(frozen=True)
class Instruction:
    """`name` in capitals; `text` is the rest, its continued lines joined."""

    name: str
    text: str

    def exec_form(self) -> list[str]:
        """The program and its arguments. Raises ValueError for what would run in a shell."""
        command = json.loads(self.text[self.text.index("[") :])
        if not isinstance(command, list):
            raise ValueError(self.text)
        return [str(part) for part in command]


Stage = tuple[Instruction, ...]


def read_stages() -> list[Stage]:
    """One an image; each begins with its FROM."""
    stages: list[list[Instruction]] = []
    for instruction in _read():
        if instruction.name == "FROM":
            stages.append([])
        stages[-1].append(instruction)
    return [tuple(stage) for stage in stages]


def one(stage: Stage, name: str) -> Instruction:
    [found] = [each for each in stage if each.name == name]
    return found


def _read() -> list[Instruction]:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    code = "\n".join(line for line in lines if not line.startswith("#"))
    joined = code.replace("\\\n", " ").splitlines()
    return [
        Instruction(name, " ".join(text.split()))
        for name, _, text in (line.partition(" ") for line in joined if line.strip())
    ]
