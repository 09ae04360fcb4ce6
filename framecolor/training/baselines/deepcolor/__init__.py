"""deepcolor: Kevin Frans, "Outline Colorization through Tandem Adversarial Networks" (2017). Imports baselines."""
