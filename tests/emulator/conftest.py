from tests.emulator.sdk import home, sdk  # noqa: F401
from tests.emulator.sdk_v2 import client  # noqa: F401
