// Search without a server. Browsers start no worker for pages that are opened from a folder (file:), and the search of
// this site is one. So there a worker is played by a hidden frame that loads the same script. (iframe-worker)
class FrameWorker extends EventTarget {
  constructor(url) {
    super()
    this.frame = document.createElement("iframe")
    this.frame.hidden = true
    document.body.appendChild(this.frame)
    this.ready = new Promise((resolve) => (this.frame.onload = resolve))
    this.heard = (event) => {
      if (event.source === this.frame.contentWindow)
        this.dispatchEvent(new MessageEvent("message", { data: event.data }))
    }
    window.addEventListener("message", this.heard)
    const opened = this.frame.contentDocument
    opened.open()
    opened.write(`<script>postMessage = data => parent.postMessage(data, "*")</script><script src="${url}"></script>`)
    opened.close()
  }

  postMessage(data) {
    this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
  }

  terminate() {
    window.removeEventListener("message", this.heard)
    this.frame.remove()
  }
}

if (location.protocol === "file:") window.Worker = FrameWorker
