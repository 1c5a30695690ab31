"""The contract of an adapter, as pytest tests that anyone who writes one can run against it.

Subclass `AdapterContract` in a test module, under a name that pytest collects, and give it two fixtures:

    import pytest
    from adapters.testing import AdapterContract, Arrived

    class TestMyAdapter(AdapterContract):
        @pytest.fixture
        def adapter(self, receiver):        # built, and wired to a receiver that runs
            made = MyAdapter("mine", url=receiver.url)
            yield made
            made.close()

        @pytest.fixture
        def received(self, receiver):       # called: all that has arrived since this test began, in order
            return lambda: [Arrived.structured(body) for body in receiver.bodies]

`Arrived.structured` reads a CloudEvents document, `Arrived.binary` the headers and the body of a message; an adapter
with a form of its own makes `Arrived(id, data)` itself. What arrives may take a while: `received` is asked again for
`seconds`. Two more fixtures are for a test each, which is skipped without them: `down` and `rejecting`, see there.
The entries are supplied here, by a real engine in memory. Needs pytest, and of gongdan only what is installed.

For the details of a failed assertion: `pytest.register_assert_rewrite("adapters.testing")` in `conftest.py`.
"""

from adapters.testing.contract import AdapterContract, Arrived, Down, Received, Rejecting
from adapters.testing.entries import CHINESE, LARGEST, NAME, largest, saying, story

__all__ = [
    "CHINESE",
    "LARGEST",
    "NAME",
    "AdapterContract",
    "Arrived",
    "Down",
    "Received",
    "Rejecting",
    "largest",
    "saying",
    "story",
]
