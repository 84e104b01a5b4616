"""The report: one self-contained HTML page from tables, figures and facts about the run.

`facts` asks the machine, `content` turns tables into what the page shows, `page`
fills the template. The page needs no network and no other file.
"""
