import Hummingbird
import HotReload
print("x")
