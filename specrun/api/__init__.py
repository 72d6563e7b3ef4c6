"""specrun for Python programs and notebooks: what `import specrun` gives. It prints nothing and ends no process."""
