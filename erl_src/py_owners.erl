%% @private Who owns what: dicts and namespaces by owner. Pure; py_owner is the thin part around it.
%%
%% Every owner in the state has something, and one monitor. Things carry the incarnation of the port program
%% that they were made in.
-module(py_owners).

-export([new/0, is_owner/2, add_owner/3, add_dict/4, add_namespace/4, remove_dict/2, remove_owner/2, count/1]).

-export_type([owners/0, things/0]).

-type bits() :: py_handle:bits().
-type incarnation() :: pos_integer().
-type ns() :: pos_integer().
-type things() :: #{dicts := [{bits(), incarnation()}], namespaces := [{ns(), incarnation()}]}.

-record(owner, {monitor :: reference(),
                dicts = #{} :: #{bits() => incarnation()},
                namespace = none :: none | {ns(), incarnation()}}).
-record(owners, {by_pid = #{} :: #{pid() => #owner{}},
                 by_dict = #{} :: #{bits() => pid()}}).
-opaque owners() :: #owners{}.

-spec new() -> owners().
new() -> #owners{}.

-spec is_owner(pid(), owners()) -> boolean().
is_owner(Pid, #owners{by_pid = ByPid}) -> is_map_key(Pid, ByPid).

%% @doc Adds an owner that is not there yet, with its monitor. Something must be added for it next.
-spec add_owner(pid(), reference(), owners()) -> owners().
add_owner(Pid, Monitor, #owners{by_pid = ByPid} = Owners) when not is_map_key(Pid, ByPid) ->
    Owners#owners{by_pid = ByPid#{Pid => #owner{monitor = Monitor}}}.

%% @doc REQUIRES: the pid is an owner.
-spec add_dict(pid(), bits(), incarnation(), owners()) -> owners().
add_dict(Pid, Bits, Incarnation, #owners{by_pid = ByPid, by_dict = ByDict}) ->
    #{Pid := #owner{dicts = Dicts} = Owner} = ByPid,
    #owners{by_pid = ByPid#{Pid := Owner#owner{dicts = Dicts#{Bits => Incarnation}}},
            by_dict = ByDict#{Bits => Pid}}.

%% @doc Gives the owner a namespace in place of the one it had. REQUIRES: the pid is an owner.
-spec add_namespace(pid(), ns(), incarnation(), owners()) -> owners().
add_namespace(Pid, Ns, Incarnation, #owners{by_pid = ByPid} = Owners) ->
    #{Pid := Owner} = ByPid,
    Owners#owners{by_pid = ByPid#{Pid := Owner#owner{namespace = {Ns, Incarnation}}}}.

%% @doc Forgets a dict. The monitor of an owner that has nothing left is to be ended.
-spec remove_dict(bits(), owners()) -> {keep | {demonitor, reference()}, owners()}.
remove_dict(Bits, #owners{by_pid = ByPid, by_dict = ByDict} = Owners) ->
    case ByDict of
        #{Bits := Pid} ->
            #{Pid := #owner{dicts = Dicts} = Owner} = ByPid,
            Rest = Owner#owner{dicts = maps:remove(Bits, Dicts)},
            settle(Pid, Rest, Owners#owners{by_dict = maps:remove(Bits, ByDict)});
        #{} -> {keep, Owners}
    end.

settle(Pid, #owner{dicts = Dicts, namespace = none, monitor = Monitor}, #owners{by_pid = ByPid} = Owners)
  when map_size(Dicts) =:= 0 ->
    {{demonitor, Monitor}, Owners#owners{by_pid = maps:remove(Pid, ByPid)}};
settle(Pid, Owner, #owners{by_pid = ByPid} = Owners) ->
    {keep, Owners#owners{by_pid = ByPid#{Pid := Owner}}}.

%% @doc Forgets an owner that died; gives what it had.
-spec remove_owner(pid(), owners()) -> {things(), owners()}.
remove_owner(Pid, #owners{by_pid = ByPid, by_dict = ByDict} = Owners) ->
    case ByPid of
        #{Pid := #owner{dicts = Dicts, namespace = Namespace}} ->
            {#{dicts => maps:to_list(Dicts), namespaces => [Namespace || Namespace =/= none]},
             #owners{by_pid = maps:remove(Pid, ByPid), by_dict = maps:without(maps:keys(Dicts), ByDict)}};
        #{} -> {#{dicts => [], namespaces => []}, Owners}
    end.

-spec count(owners()) -> #{owners := non_neg_integer(), dicts := non_neg_integer()}.
count(#owners{by_pid = ByPid, by_dict = ByDict}) -> #{owners => map_size(ByPid), dicts => map_size(ByDict)}.
