"""The claims of the paper: their texts, rules, inputs and verdicts."""
