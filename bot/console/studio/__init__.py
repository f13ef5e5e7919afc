"""训练: the trainers' pages. Each module registers its own."""
