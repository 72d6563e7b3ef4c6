"""What is not as the specs say, found without changing anything: fields of resources, files of data.

`compare` begins it, with `fields` and `files` for the two; `findings` is what comes of it.
"""
