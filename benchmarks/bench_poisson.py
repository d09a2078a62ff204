"""Poisson with two effects beside peers: ``bench_ols.py --model poisson --covariates 5``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bench_ols import main

if __name__ == "__main__":
    sys.argv[1:1] = ["--model", "poisson", "--covariates", "5"]
    main()
