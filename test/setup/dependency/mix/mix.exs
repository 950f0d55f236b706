defmodule Shop.MixProject do
  use Mix.Project

  # pyport is started by the project's own supervisor, so it is loaded and not started.
  def project do
    [
      app: :shop,
      version: "1.0.0",
      deps: [
        {:pyport,
         git: System.fetch_env!("PYPORT_GIT"), branch: "main", manager: :rebar3, runtime: false}
      ]
    ]
  end

  def application, do: [included_applications: [:pyport]]
end
