let networkStates: [StateFunction] = []
