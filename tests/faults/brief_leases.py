"""Imported by a command before it begins: its leases are the shortest that the service gives."""

from __future__ import annotations

from specrun.engines.azure import leases

leases.SECONDS, leases.BETWEEN = 15, 3.0
