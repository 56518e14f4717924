internal import Inventory

/// The lock posts of this process, one for each host.
actor LockPosts {
    private let places: LockPlaces
    private var posts: [String: LockPost] = [:]

    init(_ places: LockPlaces) { self.places = places }

    func post(_ host: Host, _ connector: any Connector, patience: Duration) -> LockPost {
        if let post = posts[host.name] { return post }
        let post = LockPost(host, connector: connector, places: places, patience: patience)
        posts[host.name] = post
        return post
    }
}
