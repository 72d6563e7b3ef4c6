"""What makes another run, and what does not."""

from __future__ import annotations

from tests.conformance.desk import Desk, actions, change

SAY = """
    import sys
    print("first", *sys.argv[1:])
"""
SPEC = """
    vars: {steps: 10}
    data: {words: {path: data, target: conformance/<name>}}
    job:
      code: src
      script: say.py
      arguments: {--steps: "${{ vars.steps }}", --words: "${{ inputs.words }}", --fast: true}
      inputs: {words: {data: words}}
"""


def test_an_edit_makes_another_run_and_the_plan_says_what_changed(desk: Desk) -> None:
    desk.write("src/say.py", SAY)
    desk.write("data/words.txt", "one\n")
    desk.spec(SPEC)
    assert desk.apply().roles["main/0"][0].startswith("first --steps 10 --words /")
    desk.write("src/say.py", SAY.replace("first", "second"))
    desk.write("data/words.txt", "two\n")

    planned = change(desk.plan("--var", "steps=20", "--exit-code", ends=2), "run")
    assert planned["specrun_action"] == "submit"
    assert sorted(planned["run"]["differences"]) == [
        "code: say.py changed",
        "inputs: words/words.txt changed",
        "steps: 10 → 20",
    ]
    assert desk.apply("--var", "steps=20").roles["main/0"][0].startswith("second --steps 20 --words /")

    newest, oldest = desk.runs()
    assert (newest["name"], newest["attempt"]) == (planned["run"]["name"], 1)
    assert newest["fingerprint"] != oldest["fingerprint"]
    assert "code: say.py changed" in newest["changes"]
    # Back to how it was: that has been run already.
    desk.write("src/say.py", SAY)
    desk.write("data/words.txt", "one\n")
    planned = change(desk.plan(), "run")
    assert (planned["specrun_action"], planned["run"]["follows"]) == ("no-op", oldest["name"])


def test_what_cannot_change_the_result_makes_no_run(desk: Desk) -> None:
    text = """
        job:
          command: echo once
          tags: {team: <word>}
          description: <word> of the report
          display_name: The <word>
          limits: {timeout: <seconds>}
    """
    desk.spec(text, word="draft", seconds="600")
    assert desk.apply().roles == {"main/0": ["once"]}
    desk.spec(text, word="final", seconds="700")
    assert actions(desk.plan("--exit-code")) == {}
    assert desk.apply().roles == {}


def test_another_experiment_makes_no_run(desk: Desk) -> None:
    desk.spec("experiment: <name>-draft\njob: {command: echo once}\n")
    name = change(desk.plan(), "run")["run"]["name"]
    desk.apply()
    desk.spec("experiment: <name>-final\njob: {command: echo once}\n")
    planned = change(desk.plan(), "run")
    assert (planned["specrun_action"], planned["run"]["follows"]) == ("no-op", name)
    assert desk.apply().roles == {}
