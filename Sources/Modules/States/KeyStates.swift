let keyStates: [StateFunction] = []
