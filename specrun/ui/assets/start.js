import { httpSource, mount } from "./specrun.js";

mount(document.getElementById("specrun"), httpSource());
