"""The codes of what is found when a plan is made, with how bad each is, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.spec.diagnostics import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

OF_PLANS: Mapping[str, tuple[Severity, str]] = {
    "declared-differently": (ERROR, "Two specs declare the same thing differently."),
    "missing-resource": (ERROR, "Something the spec only names does not exist."),
    "failed-resource": (ERROR, "A resource is in a failed state."),
    "input-not-seen": (NOTE, "What an input holds cannot be seen from here."),
    "unchangeable": (ERROR, "A field cannot change."),
    "made-elsewhere": (WARNING, "Another repository has made what this spec declares."),
    "not-ours": (ERROR, "Only what specrun made is replaced."),
    "in-use": (ERROR, "An unfinished run uses it."),
    "left-behind": (WARNING, "What it stands on is not deleted with it."),
    "replace": (ERROR, "Replacing needs --allow-replace."),
    "active-reader": (ERROR, "An unfinished run reads this data."),
    "too-many-runs": (ERROR, "The plan submits more runs than allowed."),
    "too-many-deletions": (ERROR, "More of what a repository has would be deleted than allowed."),
    "unreadable-data": (ERROR, "A data path cannot be read."),
    "unreadable-code": (ERROR, "A code file cannot be read."),
    "unreadable-environment": (ERROR, "A file of the environment cannot be read."),
    "over-quota": (WARNING, "The cluster may grow to more than the region allows."),
    "quota-shared": (NOTE, "Clusters may grow to more together than the region allows."),
    "quota-in-use": (NOTE, "What a run wants is in use by others now."),
    "quota-not-read": (NOTE, "Whether the quota is enough is not known."),
    "missing-target": (ERROR, "Neither the source of data nor its target is there."),
    "source-unlisted": (NOTE, "What belongs to the source of data is not known."),
    "changed-target": (WARNING, "A target is not as the last upload left it."),
    "altered-data": (WARNING, "Files of data are not what was put there."),
    "begins-anew": (WARNING, "An attempt after a preemption begins from nothing."),
    "cannot-adopt": (ERROR, "There is no such run to adopt."),
    "runs-not-looked-at": (NOTE, "There are more runs than were looked at."),
    "files-of-others": (NOTE, "Files of another repository or target are not pruned."),
    "other-line-ends": (WARNING, "Files have other line ends here than in git."),
    "extra-files-read": (NOTE, "A job sees files that the source of its data does not have."),
}
