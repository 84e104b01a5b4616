"""What the jobs of the Snakemake workflow are asked: the plan of the pools, and the questions of each study."""
