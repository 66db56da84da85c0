"""A rival: the same questions in Streamlit. Run by Streamlit in an environment of its own; questions.json is written by visits.py."""

import json
import sys
from pathlib import Path

import streamlit as st

steps = json.loads(Path(sys.argv[1]).read_text())
for tab, step in zip(st.tabs([step["title"] for step in steps]), steps, strict=True):
    with tab:
        for question in step["questions"]:
            key, label = question["name"], question["label"]
            if question["widget"] == "choice":
                st.selectbox(label, question["options"], key=key, index=None)
            elif question["widget"] == "multichoice":
                st.multiselect(label, question["options"], key=key)
            elif question["widget"] == "yesno":
                st.checkbox(label, key=key)
            elif question["widget"] == "textarea":
                st.text_area(label, key=key)
            elif question["widget"] == "date":
                st.date_input(label, key=key, value=None)
            else:
                st.text_input(label, key=key)
