"""Command lines that stand at the end of a verb's help. Read when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("start: a spec, a script, and a run on this machine", "specrun init && specrun apply"),
        ("the same on Azure ML", "specrun plan --engine azureml"),
    ),
    "init": (("into this folder", "specrun init"), ("into another", "specrun init trainings/mnist")),
    "validate": (
        ("job.yaml, or the specs that .specrun.yaml lists", "specrun validate"),
        ("also what an engine cannot do", "specrun validate --engine azureml job.yaml"),
        ("all below a folder, in a pipeline", "specrun validate --strict -o json specs"),
    ),
    "explain": (("one code", "specrun explain unknown-key"), ("all of them", "specrun explain")),
    "show": (
        ("where each value comes from", "specrun show --target prod job.yaml"),
        ("a saved plan again", "specrun show the.plan"),
    ),
    "plan": (
        ("with another value of `vars`", "specrun plan --var lr=0.01 job.yaml"),
        ("in a pull request", "specrun plan -o markdown --changed-since origin/main specs"),
        ("to be applied as it is, or not at all", "specrun plan --out the.plan job.yaml"),
    ),
    "apply": (
        ("on this machine", "specrun apply job.yaml"),
        ("on Azure ML, without waiting for the end", "specrun apply --engine azureml --detach job.yaml"),
        ("the same again, although nothing changed", "specrun apply --rerun job.yaml"),
        ("a saved plan, without a question", "specrun apply --yes the.plan"),
    ),
    "status": (
        ("the newest run of job.yaml", "specrun status"),
        ("a run by its name, at its end", "specrun status --wait digits-ps-28f2d2e8a6"),
    ),
    "ps": (("all on this machine", "specrun ps"), ("in a workspace", "specrun ps --engine azureml job.yaml")),
    "logs": (
        ("as they come", "specrun logs --follow"),
        ("the last lines of one role", "specrun logs --role worker/0 --tail 50 job.yaml"),
        ("a run by its name", "specrun logs digits-ps-28f2d2e8a6"),
    ),
    "outputs": (
        ("a list", "specrun outputs job.yaml"),
        ("some of them, into a folder", "specrun outputs --fetch results --only 'model/*' job.yaml"),
    ),
    "cancel": (
        ("what goes on of a spec", "specrun cancel job.yaml"),
        ("a run by its name", "specrun cancel digits-ps-28f2d2e8a6"),
    ),
    "runs": (
        ("of one spec", "specrun runs --limit 5 job.yaml"),
        ("the best of those that succeeded", "specrun runs --filter status=succeeded --sort -accuracy job.yaml"),
        ("parameters and metrics, for a spreadsheet", "specrun runs -o csv --columns 'params.*,metrics.*' job.yaml"),
        ("their names alone, for a script", "specrun runs -q job.yaml"),
    ),
    "models": (
        ("the newest version of each", "specrun models"),
        ("the versions of one, with metrics, for a spreadsheet", "specrun models -o csv digits"),
        ("all that a version came from", "specrun models digits:3"),
        ("of the workspace that a spec names", "specrun models --engine azureml digits job.yaml"),
    ),
    "diff": (
        ("the newest run of job.yaml and the one before it", "specrun diff"),
        ("two runs by their names", "specrun diff digits-ps-53cf83e56d digits-ps-0f3b21c9aa"),
    ),
    "checkout": (
        ("a run by its name, into a new folder", "specrun checkout digits-ps-53cf83e56d again"),
        ("the newest of job.yaml", "specrun checkout job.yaml again"),
    ),
    "ui": (
        ("what runs on this machine, and the runs of job.yaml", "specrun ui"),
        ("the runs of all specs of a folder, wherever they are", "specrun ui specs"),
        ("on another machine, seen through `ssh -L 8265:localhost:8265 HOST`", "specrun ui --port 8265 --no-open"),
    ),
    "destroy": (
        ("its cluster and datastores", "specrun destroy --engine azureml job.yaml"),
        ("runs that ended long ago, and nothing else", "specrun destroy --also run --older-than 30d job.yaml"),
    ),
    "unlock": (
        ("what a spec declares, after a question", "specrun unlock job.yaml"),
        ("one lock, whoever has it", "specrun unlock --lock compute/gpu-cluster job.yaml"),
    ),
    "drift": (
        ("all specs of a repository", "specrun drift --engine azureml specs"),
        ("but the tags", "specrun drift --ignore 'tags.*' job.yaml"),
    ),
    "prune": (
        ("a look", "specrun prune --dry-run"),
        ("in a pipeline, also data", "specrun prune --also data --yes"),
    ),
    "import": (
        ("a file of any kind", "specrun import --out job.yaml job.yml"),
        ("a job with its cluster", "specrun import --out job.yaml job.json cluster.json"),
        ("all that a folder has", "specrun import --out-dir specs old"),
        ("what a folder has as a table, for a pull request", "specrun import -o markdown --out-dir specs old"),
    ),
    "import batchai": (
        ("a job with its cluster", "specrun import batchai --cluster cluster.json --out job.yaml job.json"),
        ("all of a folder", "specrun import batchai --out-dir specs batchai"),
    ),
    "import runconfig": (
        ("a look", "specrun import runconfig .azureml/train.runconfig"),
        ("into a file", "specrun import runconfig --out job.yaml .azureml/train.runconfig"),
    ),
    "import azureml": (
        ("a job and its cluster", "specrun import azureml --out job.yaml job.yml compute.yml"),
        ("with a report for a pull request", "specrun import azureml -o markdown --out job.yaml job.yml"),
    ),
    "import script": (
        ("a script that submits", "specrun import script --out job.yaml submit.py"),
        ("notebooks", "specrun import script --out-dir specs train.ipynb evaluate.ipynb"),
    ),
    "import azcli": (
        ("the job that a script submits", "specrun import azcli --out job.yaml train.sh"),
        ("another of its jobs", "specrun import azcli --job 2 --out job.yaml train.sh"),
    ),
    "import live": (
        ("a cluster as it is", "specrun import live --workspace config.json compute/gpu-cluster"),
        ("a datastore, where the specs here say", "specrun import live --out store.yaml datastore/training"),
    ),
    "export config": (
        ("a look", "specrun export config job.yaml"),
        ("for Workspace.from_config", "specrun export config --out config.json job.yaml"),
    ),
    "export azureml": (
        ("files for az ml", "specrun export azureml --out-dir azureml job.yaml"),
        ("as a target has it", "specrun export azureml --target prod --out-dir azureml job.yaml"),
    ),
    "export tfjob": (
        ("for kubectl", "specrun export tfjob --out tfjob.yml job.yaml"),
        ("all specs of a folder, as documents of one file", "specrun export tfjob specs"),
    ),
    "export endpoint": (
        ("the newest version of a model of this machine", "specrun export endpoint digits --out-dir endpoint"),
        (
            "a version of a workspace's, with another name for the endpoint",
            "specrun export endpoint digits:3 --name my-digits --out-dir out job.yaml",
        ),
    ),
    "prices": (
        ("of the sizes that the specs declare", "specrun prices --region westeurope --currency EUR --out prices.yaml"),
        ("the same again, a month later", "specrun prices --out prices.yaml"),
        (
            "from an answer that was downloaded",
            "specrun prices --region westeurope --from page1.json --out prices.yaml",
        ),
    ),
    "schema": (
        ("for an editor", "specrun schema"),
        ("of .specrun.yaml", "specrun schema repository"),
    ),
    "graph": (("as Mermaid, for a page", "specrun graph job.yaml"), ("for Graphviz", "specrun graph -o dot job.yaml")),
    "doctor": (("what specrun finds here", "specrun doctor"), ("for a program", "specrun doctor -o json")),
    "completion": (
        ("in ~/.bashrc", "source <(specrun completion bash)"),
        ("in ~/.zshrc, behind compinit", "source <(specrun completion zsh)"),
        ("once, for fish", "specrun completion fish > ~/.config/fish/completions/specrun.fish"),
    ),
}


def examples_text(path: str) -> str:
    """The examples of a verb, or of a kind of `import` or `export`, as click leaves them alone; "" for none."""
    kinds = [own for name, own in EXAMPLES.items() if name.startswith(f"{path} ") and path]
    found = EXAMPLES.get(path) or tuple(one for own in kinds for one in own)
    lines = [line for about, command in found for line in (f"  # {about}", f"  {command}")]
    return "\n".join(["\b", "Examples:", *lines]) if lines else ""
