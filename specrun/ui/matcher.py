"""A program of its own that tries a regular expression on lines: some patterns never end, and it can be killed.

It reads lines of JSON, {"pattern": …} or {"texts": […]}, and answers with {"error": …} or {"found": [numbers]}.
Nothing of specrun is imported here.
"""

import json
import re
import sys


def main() -> None:
    """Answer until nobody asks."""
    pattern = re.compile("")
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        answer: dict[str, object] = {"found": []}
        if "pattern" in asked:
            try:
                pattern = re.compile(asked["pattern"], re.IGNORECASE)
            except (re.error, OverflowError, RecursionError, MemoryError) as error:
                answer = {"error": str(error)}
        else:
            answer["found"] = [number for number, text in enumerate(asked["texts"]) if pattern.search(text)]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
