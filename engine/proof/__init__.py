"""Proof: what it takes to show that a log is whole and unaltered. Pure hash work, open to everybody who builds on it.

`verify` stands alone and checks everything; `note`, `tree`, `headmap` write what it checks; `witness` judges what a log
shows to others.
"""
