from tests.emulator_own.sdk import home, sdk  # noqa: F401
