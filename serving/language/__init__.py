"""In which language does a person read what is said: English, Dutch or German.

Texts are made in English below (:func:`features.texts.say`) and said in another language at the
edge, where an answer or a page leaves. May import `features` and the words of `training`.
"""
