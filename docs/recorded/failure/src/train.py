print("reading the images")

import torchvison
