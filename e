Command exited with non-zero status 65
0.33+0.01
