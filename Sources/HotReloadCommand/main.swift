print("hotreload")
