"""One-off: makes simulation/data from the published wheels. Nothing else imports it.

Needs what the rest does not: ``pip install --no-deps musculoskeletal-models==0.2.4 myo_sim==0.2.4`` and
``pip install trimesh embreex networkx``.
"""
