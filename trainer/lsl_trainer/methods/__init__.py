"""The methods, a file each: `PLAN` says what it is called, what it asks for, and which steps it has.

`lsl_trainer.settings.method` finds every file of this room. So a new method is a new file here, and nothing else. Files
import torch, and what needs it, inside their functions alone: `lsl-train --help` reads them too.
"""
