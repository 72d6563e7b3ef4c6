"""What the live service answered, as shapes: the fields of each recorded answer, their types, what is null, the status
and the headers, condensed. The YAML files here hold one contract for each recording; `differences` compares an answer.

The recordings are those of Microsoft's own tests against the live service, in public repositories. `source` names one:
"assets" is Azure/azure-sdk-assets (python/sdk/ml/azure-ai-ml/tests/recordings), "sdk" is Azure/azure-sdk-for-python
(sdk/ml/azure-ai-ml/tests/recordings), "js" and "net" are Azure/azure-sdk-for-js and -for-net, "powershell" is
Azure/azure-powershell (src/MachineLearningServices) and "promptflow" is microsoft/promptflow. Only facts are taken
over: which fields there are and of what kind, never an answer itself.

A file has `shapes`, parts that several answers share, and `answers` by name:

    request   METHOD HOST PATH?QUERY; the host is arm, api or blob, and a PATH without a slash is below the workspace
    sends     the body of the request, where it is known
    status, headers, body    the answer; a header that is `absent` must not be there; a body `nothing` has no bytes

A shape is a mapping (a name that ends in ? may be missing, `*` stands for all other names, `<` names the shapes it
extends, `absent` takes a field of those away), a list of one shape for each of its items (of several: one of them has
to fit), or a word: text, int, num, flag, time, id, url, json, any; null; text|null for either; `=X` is
X itself, `~X` a text that the pattern X is found in.
"""

from emulator.contracts.differ import differences
from emulator.contracts.read import Contract, contracts, left_out, matching

__all__ = ["Contract", "contracts", "differences", "left_out", "matching"]
