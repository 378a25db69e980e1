print("mutator")
