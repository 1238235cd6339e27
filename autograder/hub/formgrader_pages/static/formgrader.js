/* What we change in nbgrader's lists. Loaded after its scripts and before the window's load event fills the lists. */
(function () {
    "use strict";

    function filesAddress(path) {
        var clean = path.split("/").filter(function (part) { return part && part !== "."; });
        return base_url + "/lab/tree/" + clean.map(encodeURIComponent).join("/");
    }

    /* nbgrader's own links lack the base URL outside of JupyterLab, so that they lead nowhere behind a hub. */
    var stockLink = window.linkTo;
    window.linkTo = function (type, path) {
        if (window !== window.top) return stockLink(type, path);
        return function (_, element) {
            return $(element).attr("href", filesAddress(path)).attr("target", "_blank")[0];
        };
    };

    function namesPanel(title, lines, kind) {
        if (!lines || !lines.length) return null;
        var list = $("<ul/>");
        lines.forEach(function (line) { list.append($("<li/>").text(line)); });
        return $("<div/>").addClass("panel panel-" + kind).append(
            $("<div class='panel-heading'/>").text(title), $("<div class='panel-body'/>").append(list));
    }

    function outcomeModal(title, summary, panels, response) {
        var body = $("<div/>").append($("<p/>").text(summary), panels);
        var log = [response.log, response.error].filter(Boolean).join("\n");
        if (log) body.append($("<details/>").append($("<summary/>").text("Log"), $("<pre/>").text(log)));
        createModal(response.success ? "success-modal" : "error-modal", title, body);
    }

    function collected(response) {
        this.model.fetch();
        response = JSON.parse(response);
        var o = response.outcome;
        if (!response.success || !o) return outcomeModal("Collecting failed", "Nothing was changed.", [], response);
        outcomeModal("Collected " + this.model.get("name"),
            o.new.length + " new, " + o.updated.length + " updated, " + o.unchanged + " unchanged.", [
                namesPanel("Refused: these are not their students' own, and nothing was replaced by them", o.refused.map(function (r) {
                    return r.student + ": " + r.why + " (" + r.folder + ")";
                }), "danger"),
                namesPanel("Worth a look", o.notes, "warning")], response);
    }

    function returned(response) {
        this.model.fetch();
        response = JSON.parse(response);
        var o = response.outcome;
        if (!response.success || !o) return outcomeModal("Returning failed", "See the log.", [], response);
        outcomeModal("Returned feedback", o.students.length + " students can fetch their pages.", [
            namesPanel("A person must still mark something of", response.waiting, "info"),
            namesPanel("Left out", o.skipped, "warning")], response);
    }

    if (window.url_prefix !== undefined) {  // the list of units; other pages have an AssignmentUI of their own
        var stockRender = AssignmentUI.prototype.render;
        AssignmentUI.prototype.render = function () {
            stockRender.call(this);
            var link = this.$name.find("a");
            var files = $("<a class='dlmath-files' title='Files of the unit'/>").map(
                linkTo("directory", url_prefix + "/" + this.model.get("source_path")));
            files.append($("<span class='glyphicon glyphicon-folder-open' aria-label='Files of the unit'/>"));
            link.off("click").removeAttr("target")
                .attr("href", base_url + "/formgrader/manage_submissions/" + this.model.get("name")).after(files);
        };
        AssignmentUI.prototype.collect_success = collected;
        AssignmentUI.prototype.release_feedback_success = returned;
    }

    function submissionsPage() {
        SubmissionUI.prototype.release_feedback_success = returned;
        SubmissionUI.prototype.autograde = function (event) {
            if (event) event.preventDefault();
            this.$status.empty().append($("<span class='label label-default'/>").text("in the queue"));
            dlmathGrading.press([this.model.get("student")], true);
        };
        dlmathGrading.onEnd(function () {
            models.fetch({success: function () { views.forEach(function (view) { view.render(); }); }});
        });
        $("#dlmath-grade").click(function () { dlmathGrading.press([], false); });
        $("#dlmath-grade-all").click(function () { dlmathGrading.press([], true); });
        $("#dlmath-return").click(function () {
            var pressed = $(this).prop("disabled", true);
            var unit = new Backbone.Model({name: assignment_id});
            unit.fetch = function () {};
            $.post(base_url + "/formgrader/api/assignment/" + assignment_id + "/release_feedback")
                .done(_.bind(returned, {model: unit}))
                .fail(function () { createModal("error-modal", "Error", "The feedback could not be returned."); })
                .always(function () { pressed.prop("disabled", false); });
        });
    }

    /* A student without a name in the gradebook is called by the id, where nbgrader says "None, None". */
    function namePeople(view) {
        var render = view.prototype.render;
        view.prototype.render = function () {
            render.call(this);
            var cell = this.$student_name || this.$name;
            if (this.model.get("last_name") || this.model.get("first_name")) return;
            var link = cell.find("a");
            (link.length ? link : cell).text(this.model.get("student") || this.model.get("id"));
        };
    }

    if (window.loadSubmissions && window.SubmissionUI && SubmissionUI.prototype.autograde) submissionsPage();
    [window.SubmissionUI, window.StudentUI].filter(Boolean).forEach(namePeople);

    $(".page-header h1").first().text(dlmath.course);
    var links = $("<ul class='nav nav-pills nav-stacked dlmath-links'/>");
    links.append($("<li/>").append($("<a/>").attr("href", base_url + "/lab").text("Files and terminal")));
    if (dlmath.hub) links.append($("<li/>").append($("<a/>").attr("href", dlmath.hub).text("Hub")));
    $(".nav-stacked").first().after(links);
    $(".breadcrumb").first().after("<div id='dlmath-grading' aria-live='polite'/>");
    dlmathGrading.look();
})();
