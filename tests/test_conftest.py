"""The closed network of the tests is closed."""

import socket

import pytest


def test_other_hosts_are_out_of_reach():
    with socket.socket() as ours, pytest.raises(OSError, match="reached for the network"):
        ours.connect(("192.0.2.1", 80))  # an address kept for documentation
