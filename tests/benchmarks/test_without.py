"""What is taken out of the service to learn its cost is there to be taken out."""

import pytest

from benchmarks.without import PARTS


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_taken_out_exists(part: str) -> None:
    assert PARTS[part].exists()
