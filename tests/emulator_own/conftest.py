from tests.emulator_own.sdk import home, sdk  # noqa: F401
from tests.emulator_own.sdk_v2 import client  # noqa: F401
