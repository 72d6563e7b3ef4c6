"""What runs in pipelines: plans on pull requests, the apply of what was reviewed, drift as an issue.

Nothing but the standard library is used, and the program `specrun`. What is a service's own stands in a module that is
named after it; all else is the same for every service.
"""
