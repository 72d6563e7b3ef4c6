def test():
    "outside-repositorynot-in-repositoryfile-too-largenot-a-conda-file"
