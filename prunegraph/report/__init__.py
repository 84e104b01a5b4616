"""The report: one self-contained HTML page from tables, figures and facts about the run.

`facts` collects facts about the machine and the software, `content` and `quality` turn tables into plain values, and
`page` fills the template. The page needs no network and no other file.
"""
