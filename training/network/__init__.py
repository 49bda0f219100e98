"""How is a model made of patients at many centres, none of whose rows leaves its centre?"""
