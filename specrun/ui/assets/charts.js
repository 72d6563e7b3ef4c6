"use strict";

// Lines over steps or time: data, smoothing, drawing.
